import { ANTHROPIC } from './anthropic.ts';
import { describeClients } from './matrix.ts';

describeClients([ANTHROPIC]);
