'use strict';

const { spawn } = require('child_process');
const { once } = require('events');
const fs = require('fs');
const os = require('os');
const path = require('path');
const readline = require('readline');
const { TOOLS, find } = require('./tools');

const RULES = path.join(__dirname, 'alerts', 'gun-native.rules.yml');

/**
 * Starts a Prometheus on a free port of loopback. It scrapes `/gun/metrics` of the targets, by default every second, and has the
 * alerts loaded. Its data is removed when it is closed.
 *
 * @param {string[]} targets as `host:port`
 * @returns {Promise<{url: string, close: () => Promise<void>}>}
 */
async function startPrometheus(targets, everyS = 1) {
  const program = find('prometheus');
  if (program === undefined) throw new Error(`prometheus was not found; it is in the Debian package ${TOOLS.prometheus}`);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'gun-native-prometheus-'));
  const config = path.join(folder, 'prometheus.yml');
  fs.writeFileSync(config, configOf(targets, everyS));
  const args = [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
  ];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill('SIGTERM');
    await ended;
    fs.rmSync(folder, { recursive: true, force: true });
  };
  try {
    const url = await Promise.race([listening(child.stderr), ended.then(failed)]);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configOf(targets, everyS) {
  return [
    `global: {scrape_interval: ${everyS}s, evaluation_interval: ${everyS}s}`,
    `rule_files: [${JSON.stringify(RULES)}]`,
    'scrape_configs:',
    '  - job_name: indexer',
    '    metrics_path: /gun/metrics',
    `    static_configs: [{targets: ${JSON.stringify(targets)}}]`,
    '',
  ].join('\n');
}

/** The address, when it answers. The log must be read to the end, or the pipe would fill up. */
function listening(stderr) {
  return new Promise((resolve) => {
    let url;
    readline.createInterface({ input: stderr }).on('line', (line) => {
      const said = /msg="Listening on" .*address=(\S+)/.exec(line);
      if (said) url = `http://${said[1]}`;
      if (line.includes('Server is ready to receive web requests')) resolve(url);
    });
  });
}

function failed([code]) {
  throw new Error(`prometheus ended with code ${code} before it was ready`);
}

/** The current value of an expression in Prometheus. */
async function query(url, expr) {
  const { result } = await api(`${url}/api/v1/query?query=${encodeURIComponent(expr)}`);
  return result;
}

/** The alerts as parsed by Prometheus. */
async function rules(url) {
  const { groups } = await api(`${url}/api/v1/rules?type=alert`);
  return groups.flatMap((group) => group.rules);
}

async function api(url) {
  const answer = await (await fetch(url)).json();
  if (answer.status !== 'success') throw new Error(`Prometheus: ${answer.error}`);
  return answer.data;
}

module.exports = { api, query, rules, startPrometheus };
