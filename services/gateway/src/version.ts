/** Version of the gateway and the command. */
export const VERSION = '0.2.0';
