import { AI_SDK } from './ai-sdk.ts';
import { describeClients } from './matrix.ts';

describeClients(AI_SDK);
