import { describe, expect, it } from '@jest/globals';
import { type ConfigFile, checkConfig } from '@sluice/config';
import { masked } from './configuration.ts';

describe('masked', () => {
  it('masks every secret of a configuration', () => {
    const secret = 'a-secret-of-the-configuration';
    const file: ConfigFile = {
      providers: {
        openai: { apiKey: secret, headers: { 'x-token': secret, authorization: `Bearer ${secret}` } },
        aws: { type: 'bedrock', region: 'eu-central-1', accessKeyId: secret, secretAccessKey: secret, sessionToken: secret },
        own: { baseUrl: `http://user:${secret}@vllm:8000/v1?api_key=${secret}&x=1` },
      },
      keys: [{ name: 'app', secret }],
      admins: [{ name: 'ann', role: 'owner', secret: `${secret}-of-ann` }],
      audit: { drain: { webhook: { url: `https://hook.example.com/?token=${secret}`, secret, headers: { 'x-a': secret } } } },
    };
    const shown = masked(checkConfig(file, 'test'));
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(shown).toMatchObject({
      providers: { aws: { region: 'eu-central-1' }, own: { baseUrl: 'http://***@vllm:8000/v1?api_key=***&x=1' } },
      keys: [{ name: 'app', secret: '***' }],
      cache: { maxEntry: 1_048_576 },
    });
  });
});
