// Runs the GraphQL-over-HTTP audits of graphql-http against one URL: node audits.mjs URL
// Prints {"audits": {id: {name, status, reason}}, "verdicts": {"HIT": n, …}} as JSON.
import { auditServer } from 'graphql-http';

const verdicts = {};
const results = await auditServer({
  url: process.argv[2],
  fetchFn: async (...request) => {
    const response = await fetch(...request);
    const verdict = response.headers.get('gcdn-cache') ?? 'none';
    verdicts[verdict] = (verdicts[verdict] ?? 0) + 1;
    return response;
  },
});

const audits = {};
for (const { id, name, status, reason } of results) {
  audits[id] = { name, status, reason: reason ?? null };
}
process.stdout.write(JSON.stringify({ audits, verdicts }));
// Connections that fetch keeps alive would hold the process open.
process.exit(0);
