'use strict';

const fs = require('fs');
const path = require('path');
const { handlerOf } = require('./respond');

/** Made by monitoring/page/build.js. */
const FILE = path.join(__dirname, 'page.html');
/** Everything is in the file; the only requests go to its own server. */
const POLICY =
  "default-src 'none'; connect-src 'self'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'";

/** Answers with the live page, which reads the statistics beside it: at `/gun`, those of `/gun/stats`. */
function pageHandler() {
  let body;
  return handlerOf(async () => {
    if (body === undefined) body = await fs.promises.readFile(FILE, 'utf8');
    const headers = { 'content-security-policy': POLICY, 'referrer-policy': 'no-referrer' };
    return { type: 'text/html; charset=utf-8', body, headers };
  });
}

module.exports = { pageHandler };
