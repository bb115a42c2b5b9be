import axe from 'axe-core';
import type { Page } from 'playwright-core';

/**
 * Accessibility violations that axe finds on a page: each violated rule with the element.
 *
 * @param rules ids of the rules to check. Default: all
 */
export async function findViolations(page: Page, rules?: readonly string[]): Promise<string[]> {
  await page.evaluate(`globalThis.axe ?? (() => { ${axe.source} })()`);
  const options = rules ? { runOnly: { type: 'rule', values: rules } } : {};
  const { violations } = await page.evaluate<Pick<axe.AxeResults, 'violations'>>(
    `axe.run(document, ${JSON.stringify({ ...options, resultTypes: ['violations'] })})`,
  );
  return violations.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html}\n${failureSummary}`),
  );
}
