/**
 * Returns the number of runs of a property test. `SLUICE_PROPERTY_RUNS` is a share of the usual number, above 0: a developer's
 * test loop sets 0.1, a long search for faults sets 10.
 */
export function propertyRuns(usual: number): number {
  return Math.max(1, Math.ceil(usual * Number(process.env['SLUICE_PROPERTY_RUNS'] ?? 1)));
}
