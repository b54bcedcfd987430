import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '@sluice/config';

/**
 * Starts listening and returns the address as a URL.
 *
 * @param variable environment variable of the port, for the message
 * @throws ConfigError with the reason why it cannot listen there, and what to change
 */
export function listen(server: Server, host: string, port: number, variable: string): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const why = error.code === 'EADDRINUSE' ? `port ${port} is in use; choose another with ${variable}` : error.message;
      reject(new ConfigError(`${variable}: cannot listen on ${host}:${port}: ${why}`));
    });
    server.listen(port, host, () => {
      const address = server.address() as AddressInfo;
      resolve(`http://${address.family === 'IPv6' ? `[${address.address}]` : address.address}:${address.port}`);
    });
  });
}
