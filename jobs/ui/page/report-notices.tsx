import type { StatusReport } from '../../../handler/status/status.ts';
import { Foreign, Notice } from './parts.tsx';

/** The reasons why workloads are missing, or why their states are uncertain. */
export function ReportNotices({ report }: { readonly report: StatusReport }) {
  const { outOfScope, listProblems, incomplete, unreached, hashKeyProblem } = report;
  const texts = [
    ...(outOfScope === null ? [] : [`Passes do not handle this namespace: ${outOfScope}.`]),
    ...listProblems.map(({ what, why }) => `${what} could not be listed: ${why}`),
    ...(incomplete === null ? [] : [`${incomplete}; ${unreached} workloads were not reached`]),
    ...(hashKeyProblem === null ? [] : [`Hashes were not compared: ${hashKeyProblem}`]),
  ];
  return (
    <>
      {texts.map((text) => (
        <Notice key={text}>
          <Foreign>{text}</Foreign>
        </Notice>
      ))}
    </>
  );
}
