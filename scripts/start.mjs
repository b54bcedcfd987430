// Starts one gateway: with what the environment and sluice.yaml say, or else as a demonstration.
import '../services/gateway/dist/main.js';
