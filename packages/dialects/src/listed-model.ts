/** An entry in a list of models. */
export interface ListedModel {
  readonly id: string;
  readonly ownedBy: string;
  /** Unix time in seconds. */
  readonly created: number;
}
