'use strict';

// node monitoring/picture.js [FOLDER]: screenshots of the page in each of its states, for the documents. `npm run test:observe`
// also takes them.

const path = require('path');
const { picture } = require('./chromium');
const { serve } = require('./page/scenarios');

const FOLDER = path.join(__dirname, '..', 'docs', 'page');
const DARK = ['--blink-settings=preferredColorScheme=0'];
/** Minimum width of a headless Chromium window; pages for phones are rendered with that many device pixels. */
const PICTURES = [
  { name: 'healthy', state: 'healthy' },
  { name: 'failing', state: 'failing' },
  { name: 'down', state: 'down' },
  { name: 'recovered-dark', state: 'recovered', flags: DARK },
  { name: 'empty', state: 'empty', height: 1_150 },
  { name: 'disconnected-dark', state: 'disconnected', flags: DARK },
];

async function takePictures(folder = FOLDER, pictures = PICTURES) {
  for (const { name, state, width = 1_280, height = 1_230, flags = [] } of pictures) {
    const { url, close } = await serve(state);
    await picture(url, path.join(folder, `${name}.png`), { ms: 4_000, width, height, flags: ['--hide-scrollbars', ...flags] }).finally(close);
  }
}

if (require.main === module) {
  takePictures(process.argv[2]).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}

module.exports = { DARK, FOLDER, PICTURES, takePictures };
