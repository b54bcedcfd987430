import { name } from '@sluice/config';
import { z } from 'zod';

/** Schemas of a kind of record. The routes, the OpenAPI document and the command `sluice` all use them. */
export interface ResourceSchemas<Create = unknown, Patch = unknown, Query = unknown> {
  /** Name of the record in texts: `key`. */
  readonly title: string;
  /** Path below `/admin/v1`, and the field of a page that has the records: `keys`. */
  readonly plural: string;
  /** Query parameters of the list. */
  readonly query: z.ZodType<Query>;
  /** Body of a request that creates a record. */
  readonly create: z.ZodType<Create>;
  /** Body of a change: the changed fields, with `null` for fields to remove. */
  readonly patch: z.ZodType<Patch>;
  /** A record in a response. */
  readonly record: z.ZodType;
  /** A page of the list. */
  readonly page: z.ZodType;
}

/** Returns a title with its indefinite article: `a key`, `an administrator`. */
export const withArticle = (title: string): string => `${/^[aeiou]/.test(title) ? 'an' : 'a'} ${title}`;

/** Query parameters of a list in pages. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** The `next` of the previous page. */
  cursor: name.optional(),
};

/** Returns the schema of a page: the records in the field `plural`, and the cursor of the next page. */
export const pageOf = <Plural extends string, Item extends z.ZodType>(plural: Plural, item: Item) =>
  z.looseObject({ ...({ [plural]: z.array(item) } as Record<Plural, z.ZodArray<Item>>), next: z.string().optional() });

type Nullable<Shape extends Readonly<Record<string, z.ZodType>>> = { [Field in keyof Shape]: z.ZodNullable<Shape[Field]> };

/** Returns fields that a patch can remove with `null`. */
export const removable = <Shape extends Readonly<Record<string, z.ZodType>>>(shape: Shape): Nullable<Shape> =>
  Object.fromEntries(Object.entries(shape).map(([field, schema]) => [field, schema.nullable()])) as Nullable<Shape>;

/** Makes the arrays of a type read-only, as stored records have them. */
export type Unchanged<T> = T extends readonly (infer Item)[]
  ? readonly Unchanged<Item>[]
  : T extends object
    ? { readonly [Field in keyof T]: Unchanged<T[Field]> }
    : T;
