'use strict';

// node monitoring/picture.js URL: the picture in the README, of the page at this URL, which `npm run observe` prints.

const path = require('path');
const { picture } = require('./chromium');

const FILE = path.join(__dirname, '..', 'docs', 'gun-page.png');

picture(process.argv[2], FILE, { ms: 20_000 }).then(
  () => console.log(`written to ${path.relative(process.cwd(), FILE)}`),
  (error) => {
    console.error(error.message);
    process.exitCode = 1;
  },
);
