// The command line client of the admin API: npm run sluice -- keys list
import '../services/gateway/dist/cli/main.js';
