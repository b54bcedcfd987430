import { describeClients } from './matrix.ts';
import { OPENAI_CHAT } from './openai-chat.ts';
import { OPENAI_RESPONSES, OPENAI_STORED } from './openai-responses.ts';

describeClients([OPENAI_CHAT, OPENAI_RESPONSES, OPENAI_STORED]);
