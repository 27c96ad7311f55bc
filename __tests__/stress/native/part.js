'use strict';

// One scenario of `npm run test:native`, in a process of its own: its name and size are the arguments.

const SCENARIOS = {
  workers: require('./workers').workers,
  environments: require('./environments').environments,
  clients: require('./garbage').clients,
  garbage: require('./garbage').garbage,
};

const [name, size] = process.argv.slice(-2);
SCENARIOS[name](Number(size)).then(
  (done) => console.log(`PASS: ${done}`),
  (error) => {
    console.log(`FAIL: ${name}: ${error.message}`);
    process.exit(1);
  },
);
