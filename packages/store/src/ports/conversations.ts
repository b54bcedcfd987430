/** An item of a conversation, with its position. */
export interface ConversationItem {
  /** Grows with each item, with gaps where items were removed. */
  readonly position: number;
  readonly bytes: Uint8Array;
}

export interface StoredConversation {
  /** Metadata of the conversation. */
  readonly head: Uint8Array;
  /** In the order in which they were added. */
  readonly items: readonly ConversationItem[];
}

/** Keeps conversations of the Responses API, each under its tenant, for a while after its last change. */
export interface Conversations {
  create(tenant: string, id: string, head: Uint8Array, items: readonly Uint8Array[], ttlMs: number): Promise<void>;
  /** Returns undefined for a conversation that the tenant does not have. */
  find(tenant: string, id: string): Promise<StoredConversation | undefined>;
  /** Adds items together, and replaces the head if one is given. Returns false for a conversation that the tenant does not have. */
  change(tenant: string, id: string, change: ConversationChange, ttlMs: number): Promise<boolean>;
  /** Returns whether there was one. */
  removeItem(tenant: string, id: string, position: number): Promise<boolean>;
  /** Returns whether there was one. */
  remove(tenant: string, id: string): Promise<boolean>;
}

export interface ConversationChange {
  readonly head?: Uint8Array;
  readonly items?: readonly Uint8Array[];
}
