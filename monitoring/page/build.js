'use strict';

// node monitoring/page/build.js: writes lib/metrics/page.html, one file that loads nothing else, from the sources beside this
// file and uPlot.

const fs = require('fs');
const path = require('path');

const FILE = path.join(__dirname, '..', '..', 'lib', 'metrics', 'page.html');
/** In this order: main.js starts. */
const SCRIPTS = ['state.js', 'charts.js', 'main.js'];

function source(name) {
  return fs.readFileSync(path.join(__dirname, name), 'utf8').trim();
}

/** The file's text. */
function text() {
  const folder = path.dirname(require.resolve('uplot/package.json'));
  const uplot = (name) => fs.readFileSync(path.join(folder, name), 'utf8').trim();
  const license = `/*! uPlot\n${uplot('LICENSE')}\n*/`;
  const parts = {
    '/*{css}*/': `${uplot('dist/uPlot.min.css')}\n${source('page.css')}`,
    // A "</script" within it would end the element; uPlot has none, and a test holds the page to that.
    '/*{uplot}*/': `${license}\n${uplot('dist/uPlot.iife.min.js')}`,
    '/*{js}*/': SCRIPTS.map((name) => source(name).replace(/^'use strict';\n\n/, '')).join('\n\n').replace(/^/, "'use strict';\n\n"),
  };
  return Object.entries(parts).reduce((page, [mark, part]) => page.replace(mark, () => part), `${source('page.html')}\n`);
}

if (require.main === module) fs.writeFileSync(FILE, text());

module.exports = { FILE, text };
