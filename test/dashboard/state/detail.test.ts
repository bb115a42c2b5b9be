import { describe, expect, it } from 'vitest';
import { createDetail } from '../../../src/dashboard/state/detail.js';
import { resource } from '../../support/dashboard-data.js';
import { createTargetsView, sessionFields, targetFields } from '../../support/target-fields.js';

const NO_LINK = { state: 'live', since: 0, error: null, url: null, isDown: false } as const;
const waits = (...names: string[]) =>
  targetFields('e2e:update', 'WAITING', { blockedBy: names.map((name) => ({ name })) });

describe('the detail of a Session', () => {
  it('recorded blockers stay when a target runs, and end with the run of Tilt', () => {
    const { detail, showTargets } = createDetail('tilt-default/Tiltfile');
    showTargets(createTargetsView([waits('api:serve')]));
    const running = [targetFields('e2e:update', 'RUNNING')];
    showTargets(createTargetsView(running));
    expect([...(detail.recordedBlockers.get('e2e:update') ?? [])]).toEqual(['api:serve']);
    const session = sessionFields(running, { metadata: { uid: 'b2' } });
    showTargets(createTargetsView(running, { session }));
    expect(detail.recordedBlockers.size).toBe(0);
  });

  it('a fact that is no label and no order changes the resources, not their places', () => {
    const { detail, showResources } = createDetail('tilt-default/Tiltfile');
    const show = (queued: boolean) =>
      showResources({ resources: [resource('api', { labels: ['backend'], queued })], link: NO_LINK });
    show(false);
    const places = detail.places.value;
    show(true);
    expect(detail.resources.value.get('api')?.queued).toBe(true);
    expect(detail.places.value).toBe(places);
    showResources({ resources: null, link: NO_LINK });
    expect(detail.resources.value.size).toBe(1);
  });
});
