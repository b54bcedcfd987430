import { name } from '@sluice/config';
import { ADMIN_ROLES } from '@sluice/store/ports';
import { z } from 'zod';
import { pageOf } from './resource-schemas.ts';

const role = z.enum(ADMIN_ROLES);

const admin = z.looseObject({
  name: z.string(),
  role,
  tenant: z.string().optional(),
  team: z.string().optional(),
  createdAtMs: z.int().optional(),
  configured: z.boolean().optional(),
  secret: z.string().describe('Only in the response that creates it').optional(),
});

/** An administrator as the admin API returns it. */
export type AdminResponse = Readonly<z.output<typeof admin>>;

export const adminSchemas = {
  title: 'administrator',
  plural: 'admins',
  /** The list has all administrators, in one page. */
  query: z.object({}),
  /** An administrator cannot grant more than its own permissions. */
  create: z
    .strictObject({
      name,
      role,
      /** The tenant that the administrator is restricted to. */
      tenant: name.optional(),
      /** The team that the administrator is restricted to. */
      team: name.optional(),
    })
    .refine(({ role, team }) => role !== 'team' || team !== undefined, {
      path: ['team'],
      message: "the role 'team' needs a team",
    }),
  patch: z.strictObject({ role }),
  record: admin,
  page: pageOf('admins', admin),
};
