/** The gateway's and the command's. */
export const VERSION = '0.2.0';
