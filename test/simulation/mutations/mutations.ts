/** Deliberate faults of the product. Each changes one place of one file, and a walk must find it. */
export interface Mutation {
  readonly name: string;
  readonly file: string;
  /** A text that occurs exactly once in the file. */
  readonly from: string;
  readonly to: string;
}

export const mutations: readonly Mutation[] = [
  {
    name: 'a contender takes over the Lease after a third of its duration',
    file: 'lib/lease/observe.ts',
    from: 'return Math.max(timing.durationMs, Math.min(recordSeconds ?? 0, maxHonoredSeconds) * 1000);',
    to: 'return timing.durationMs / 3;',
  },
  {
    name: 'a holder relies on its Lease for a minute longer than its duration',
    file: 'lib/lease/timing.ts',
    from: 'renewDeadlineMs: (durationMs * 2) / 3,',
    to: 'renewDeadlineMs: durationMs + 60_000,',
  },
  {
    name: 'the Lease is not checked before a write',
    file: 'handler/gate.ts',
    from: 'if (held === undefined || held.isHeld()) return;',
    to: 'if (held === undefined || held.isHeld() || held.lost) return;',
  },
  {
    name: 'the Lease is written without the version that was read',
    file: 'lib/lease/kubernetes-lock.ts',
    from: "return await send('PATCH', call, objectOf(record, { resourceVersion: version }));",
    to: "return await send('PATCH', call, objectOf(record, {}));",
  },
  {
    name: 'a kept Lease counts as held after it was lost',
    file: 'handler/lease-keeper.ts',
    from: 'const { isHeld, lost } = handle;',
    to: 'const { lost } = handle; const isHeld = () => true;',
  },
  {
    name: 'a missing source counts as absent',
    file: 'lib/rules/resolve.ts',
    from: 'if (reference.required) missing.push(whyAbsent(reference, label));',
    to: 'if (reference.required && label === "") missing.push(whyAbsent(reference, label));',
  },
  {
    name: 'a source that cannot be read counts as absent',
    file: 'handler/reading/sources.ts',
    from: 'reading = isAbsent(error, reference.name)\n',
    to: 'reading = isAbsent(error, reference.name) || reference.name\n',
  },
  {
    name: 'a removed hash is written again without an end',
    file: 'lib/rules/reverted.ts',
    from: 'if (times === 0) return proposal;',
    to: 'if (times < 1000) return proposal;',
  },
  {
    name: 'an Event whose response was lost is counted twice',
    file: 'lib/kubernetes/cluster.ts',
    from: "if (!recorded.series && isSame(recorded, event)) return 'created';",
    to: "if (recorded.metadata === null) return 'created';",
  },
  {
    name: 'all keys of a source count',
    file: 'lib/rules/hash/hashing.ts',
    from: "if (keys === 'all') return data;",
    to: 'if (keys) return data;',
  },
  {
    name: 'a workload with adoption baseline restarts',
    file: 'lib/rules/first-seen.ts',
    from: "if (adoptionFacts.adoption === 'baseline' && adoptionFacts.lost === undefined) return undefined;",
    to: "if (adoptionFacts.adoption === 'never') return undefined;",
  },
  {
    name: 'a source gets no reference to kube-system',
    file: 'lib/rules/ownership/owner-references.ts',
    from: '...(isThere ? [] : [toLastingOwner(lastingUid)]),',
    to: '...(lastingUid ? [] : [toLastingOwner(lastingUid)]),',
  },
  {
    name: 'the reference to kube-system is removed while another workload is an owner',
    file: 'lib/rules/ownership/owner-references.ts',
    from: 'const keepsLasting = left || stays.some((each) => isOursOrWaves(each, writer(each)));',
    to: 'const keepsLasting = left;',
  },
  {
    name: 'references are removed without the version that was read',
    file: 'lib/rules/ownership/owner-references.ts',
    from: '      uid,\n      resourceVersion,\n',
    to: '      uid,\n',
  },
  {
    name: 'the finalizer stays after the opt-out',
    file: 'lib/rules/patch.ts',
    from: '...(ownership.finalizer === finalizer ? {} : finalizerFields(ownership, finalizer, keys)),',
    to: '...(ownership.finalizer === finalizer || !finalizer ? {} : finalizerFields(ownership, finalizer, keys)),',
  },
  {
    name: 'the requests of a failed pass are forgotten',
    file: 'lib/schedule/early-passes.ts',
    from: "const unfulfilled = end === 'done' ? undefined : this.#inPass;",
    to: 'const unfulfilled = end ? undefined : this.#inPass;',
  },
  {
    name: 'events during a pass are forgotten',
    file: 'handler/triggers/watch-triggers.ts',
    from: 'for (const version of versions) this.#sourceChanged(source, version);',
    to: 'for (const version of versions) source.concat(version);',
  },
  {
    name: 'no full pass follows a watch that starts at the present version',
    file: 'handler/triggers/watch-triggers.ts',
    from: "if (this.#hasBegun) early.request('all');",
    to: "if (!this.#hasBegun) early.request('all');",
  },
  {
    name: 'events of others count as our own writes',
    file: 'handler/triggers/watch-triggers.ts',
    from: 'if (this.#ownVersions.delete(version)) return;',
    to: 'if (this.#ownVersions.size > 0) return;',
  },
  {
    name: 'a partial pass handles one of the workloads that share a source',
    file: 'handler/triggers/partial-scope.ts',
    from: 'for (const entry of index.workloadsOf(source)) named',
    to: 'for (const entry of index.workloadsOf(source).slice(0, 1)) named',
  },
  {
    name: 'an approval of another configuration counts',
    file: 'lib/rules/rollout-policy/awaiting-approval.ts',
    from: 'if (approval === undefined || isOneOf(hashes, approved)) return undefined;',
    to: 'if (approval === undefined || approved !== undefined) return undefined;',
  },
  {
    name: 'the policy of the namespace does not count',
    file: 'lib/rules/rollout-policy/holds.ts',
    from: 'return { policy: { ...joinLevels([level, shared, workload]), limit, timeZone } };',
    to: 'return { policy: { ...joinLevels([level, workload]), limit, timeZone } };',
  },
  {
    name: 'windows are ignored',
    file: 'lib/rules/rollout-policy/outside-window.ts',
    from: 'if (answer.open) return undefined;',
    to: 'if (answer.open || now) return undefined;',
  },
  {
    name: 'the limit allows one more',
    file: 'lib/rules/rollout-policy/limit.ts',
    from: 'const first = times[times.length - count];',
    to: 'const first = times[times.length - count - 1];',
  },
  {
    name: 'the cooldown is ten times too short',
    file: 'lib/rules/rollout-policy/cooling-down.ts',
    from: 'const until = last + cooldown.ms;',
    to: 'const until = last + cooldown.ms / 10;',
  },
  {
    name: 'one place too many is given',
    file: 'lib/rules/rollout-policy/places.ts',
    from: 'while (this.#running < this.#most) {',
    to: 'while (this.#running <= this.#most) {',
  },
  {
    name: 'the record of a hold stays',
    file: 'lib/rules/patch.ts',
    from: 'return rollouts.hasPending && done ? { [keys.pendingConfig]: null } : {};',
    to: 'return rollouts.hasPending && done && reason === "OptedOut" ? { [keys.pendingConfig]: null } : {};',
  },
];
