import type { GatewayConfig } from '@sluice/config';
import type { Clock } from '@sluice/core';
import { groupSubject } from '@sluice/proxies';
import type { Meters } from '@sluice/store/ports';
import express, { type Router } from 'express';
import { allGroups } from '../groups.ts';
import { budgetNow } from './budget-now.ts';

export interface GroupRoutesOptions {
  readonly meters: Pick<Meters, 'budget'>;
  /** The configuration's, as they are now. */
  readonly groups: () => Pick<GatewayConfig, 'teams' | 'tenants'>;
  readonly clock: Clock;
}

/** The configuration's teams and tenants, with what they may use together and what of their budgets is spent. */
export function groupRoutes({ meters, groups, clock }: GroupRoutesOptions): Router {
  const router = express.Router();
  const list = (kind: 'team' | 'tenant') =>
    Promise.all(
      allGroups(groups())
        .filter((group) => group.kind === kind)
        .map(async ({ name, tenant, limits }) => {
          const { budget: _budget, ...rest } = limits;
          const owner = { tenant, subject: groupSubject({ kind, name }), limits };
          return { name, tenant, limits: rest, ...(await budgetNow(owner, meters, clock.now())) };
        }),
    );
  router.get('/teams', async (_request, response) => void response.json({ teams: await list('team') }));
  router.get('/tenants', async (_request, response) => void response.json({ tenants: await list('tenant') }));
  return router;
}
