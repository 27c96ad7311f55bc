'use strict';

// node monitoring/page/build.js: generates lib/metrics/page.html, a self-contained file, from the sources in this folder and
// uPlot.

const fs = require('fs');
const path = require('path');

const FILE = path.join(__dirname, '..', '..', 'lib', 'metrics', 'page.html');
/** The scripts in order; main.js starts the page. */
const SCRIPTS = ['state.js', 'charts.js', 'main.js'];

function source(name) {
  return fs.readFileSync(path.join(__dirname, name), 'utf8').trim();
}

/** The generated file's text. */
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
