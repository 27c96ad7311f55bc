'use strict';

const { missing } = require('./helpers/answers');
const { newClient, setup, thrownBy } = require('./helpers/setup');

const nothing = () => {};

test.each([
  ['console', console],
  ['silence', false],
  ['the default', undefined],
  ['an object with the three methods', { log: nothing, warn: nothing, error: nothing }],
  ['one with info in place of log', { info: nothing, warn: nothing, error: nothing }],
  ['a class with more', new (class { log() {} warn() {} error() {} debug() {} })()],
])('logger may be %s', (_what, logger) => {
  newClient({ logger });
});

test.each([
  ['true', true],
  ['null', null],
  ['a number', 5],
  ['a name', 'console'],
  ['an object without methods', {}],
  ['an object without log and info', { warn: nothing, error: nothing }],
  ['an object without warn', { log: nothing, error: nothing }],
  ['an object without error', { log: nothing, warn: nothing }],
  ['an object with a method that is none', { log: 'log', warn: nothing, error: nothing }],
])('logger may not be %s', (_what, logger) => {
  const error = thrownBy(() => newClient({ logger }));
  expect(error.code).toBe('ERR_GUN_INVALID_ARGUMENT');
  expect(error.message).toMatch(/logger .*log, warn.* error/);
});

describe('lines reach the loggers that people use', () => {
  /** The stats line of one call, as `logger` took it. */
  async function logWith(logger) {
    const { client } = await setup({ a: missing() }, { logger, statsEvery: 1 });
    await client.getRecord('a');
  }

  const LINE = /0\/1 hits/;

  test('pino, which has info and no log', async () => {
    const { pino } = require('pino');
    const lines = [];
    await logWith(pino({}, { write: (line) => lines.push(JSON.parse(line)) }));
    expect(lines).toEqual([expect.objectContaining({ level: 30, msg: expect.stringMatching(LINE) })]);
  });

  test('winston, whose log expects a level first', async () => {
    const winston = require('winston');
    const { Writable } = require('stream');
    const lines = [];
    const stream = new Writable({
      write(chunk, _encoding, done) {
        lines.push(JSON.parse(chunk));
        done();
      },
    });
    const logger = winston.createLogger({ transports: [new winston.transports.Stream({ stream })] });
    await logWith(logger);
    await logWith(logger.child({ part: 'gun' }));
    expect(lines).toEqual([
      { level: 'info', message: expect.stringMatching(LINE) },
      { level: 'info', message: expect.stringMatching(LINE), part: 'gun' },
    ]);
  });

  test('one with both, whose log expects a line', async () => {
    const logger = { log: jest.fn(), info: jest.fn(), warn: nothing, error: nothing };
    await logWith(logger);
    expect(logger.log.mock.calls).toEqual([[expect.stringMatching(LINE)]]);
    expect(logger.info).not.toHaveBeenCalled();
  });

  test('a class, whose methods need their object', async () => {
    class Lines {
      lines = [];
      info(line) {
        this.lines.push(line);
      }
      warn() {}
      error() {}
    }
    const logger = new Lines();
    await logWith(logger);
    expect(logger.lines).toEqual([expect.stringMatching(LINE)]);
  });
});
