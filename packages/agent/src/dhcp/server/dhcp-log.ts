/** What the server logs to: a pino logger is one. */
export interface DhcpLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}
