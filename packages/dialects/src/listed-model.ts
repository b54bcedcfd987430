/** One model as a list of models shows it. */
export interface ListedModel {
  readonly id: string;
  readonly ownedBy: string;
  /** Unix time in seconds. */
  readonly created: number;
}
