'use strict';

// One cell of the tables: one job done by one client in a process of its own, so that memory and CPU are that client's.
// Started by harness.js with the cell as its argument; answers over IPC.

const { job, client, params, origin, fillOrigin, tag } = JSON.parse(process.argv[2]);

// The harness queries the relay, so that only the measured HTTP client is loaded here.
function requests() {
  return new Promise((resolve) => {
    process.once('message', (message) => resolve(message.requests));
    process.send({ ask: 'requests' });
  });
}

const relay = {
  url: (behaviour) => `${origin}/${tag}/${behaviour}`,
  fillUrl: () => `${fillOrigin}/${tag}`,
  requests,
};

const measure = require(`./measure/${job.measure}`);
const adapter = require(`./clients/${client}`);

// Ends with the harness.
process.on('disconnect', () => process.exit());

measure({ adapter, params, relay }).then(
  (result) => process.send({ result }, () => process.exit()),
  (error) => process.send({ error: error.stack ?? String(error) }, () => process.exit(1)),
);
