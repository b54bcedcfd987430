import type { DialectName } from '@sluice/core';
import type { NeutralReply, Part } from '@sluice/dialects';
import type { Family } from './families.ts';

/** Families that sign their reasoning or their calls. */
const SIGNS: Partial<Readonly<Record<Family, 'reasoning' | 'calls'>>> = {
  openai: 'reasoning',
  'openai-reasoning': 'reasoning',
  'claude-4.5': 'reasoning',
  'claude-4.7': 'reasoning',
  'gemini-2.5': 'calls',
  'gemini-3': 'calls',
};

const makerOf = (family: Family): string => family.split('-')[0] as string;

export const signatureOf = (family: Family, text: string): string => Buffer.from(`${makerOf(family)}|${text}`).toString('base64');

/** Returns whether a model of this family created a signature or an encrypted form. */
export const isOwn = (family: Family, signature: unknown): boolean =>
  typeof signature === 'string' &&
  Buffer.from(signature, 'base64')
    .toString('utf8')
    .startsWith(`${makerOf(family)}|`);

/** Returns a call id in the format of each family. */
function callId(family: Family, id: string, name: string, n: number): string {
  switch (family) {
    case 'mistral':
      return Buffer.from(id).toString('hex').slice(-9);
    case 'kimi':
      return `functions.${name}:${id.slice(-12)}${n}`;
    case 'claude-4.5':
    case 'claude-4.7':
      return `toolu_${id}`;
    default:
      return id;
  }
}

/** Signs a reply as its family does. OpenAI's chat completions contain no reasoning. */
export function signed(family: Family, dialect: DialectName, reply: NeutralReply): NeutralReply {
  const shows = dialect !== 'openai-chat' || !family.startsWith('openai');
  return {
    ...reply,
    choices: reply.choices.map((choice) => ({
      ...choice,
      parts: signedParts(family, choice.parts).filter(({ type }) => shows || type !== 'reasoning'),
    })),
  };
}

function signedParts(family: Family, parts: readonly Part[]): Part[] {
  let calls = 0;
  return parts.map((part): Part => {
    if (part.type === 'reasoning') {
      const { signature: _signature, ...rest } = part;
      return SIGNS[family] === 'reasoning' ? { ...rest, signature: signatureOf(family, 'reasoning') } : rest;
    }
    if (part.type !== 'tool_call') return part;
    const id = callId(family, part.id, part.name, calls);
    // only the first of parallel calls has a signature
    return calls++ === 0 && SIGNS[family] === 'calls' ? { ...part, id, signature: signatureOf(family, 'call') } : { ...part, id };
  });
}
