import { GOOGLE } from './google.ts';
import { describeClients } from './matrix.ts';

describeClients([GOOGLE]);
