// Starts one gateway with the settings of the environment and sluice.yaml, or the demonstration without any.
import '../services/gateway/dist/main.js';
