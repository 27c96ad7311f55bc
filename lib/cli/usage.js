'use strict';

const USAGE = `gun-native get SOUL... [--relay URL] [--json] [--refs DEPTH] [--timeout MS]
  Prints each record as JSON. A soul that the relay has not got is told on stderr.
  --refs DEPTH     put records in the places of references to them, so many levels deep; 0 to 8 (0)
  --timeout MS     time of the whole call (45000)
  --json           one document: [{ "soul", "outcome", "record" or "error" }, ...], with the outcomes
                   found, missing and failed

gun-native stats URL [--json]
  Prints the statistics of a running indexer. URL is its address, http://localhost:3005, or that of
  the endpoint: one that ends in /stats is taken as it is, to any other /api/gun/stats is added.
  --json           what the indexer said, as it said it

gun-native verify [--relay URL] [--souls FILE] [--passes N] [--callers N] [--json]
  Checks that missing souls of this relay cost one request each and are then remembered, and that
  failures are told apart from them. It writes nothing to the relay.
  --souls FILE     ask for these souls too, one a line; - for stdin. The others are made up.
  --passes N       how often all souls are asked for, 2 to 100 (2)
  --callers N      how many callers ask at once, 1 to 1000 (10)

--relay URL is the base URL of the relay; without it the first http(s) entry of GUN_PEERS, else
http://gun-relay:8765. -- ends the options, for souls that begin with a dash.
--help, --version

Colour and progress are for terminals; NO_COLOR and FORCE_COLOR are heeded.

Exit codes: 0 fine; 1 a soul is missing, or a check failed; 2 the command line is wrong;
3 the relay or the indexer failed; 4 gun-native itself could not run.`;

module.exports = { USAGE };
