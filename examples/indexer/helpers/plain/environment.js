'use strict';

/** A number: as given, or from a variable of the environment, or the default. */
function numberOf(given, variable, standard) {
  if (given !== undefined) return given;
  const text = (process.env[variable] || '').trim();
  if (text === '') return standard;
  if (/^\d+$/.test(text)) return Number(text);
  throw new Error(`environment variable ${variable} must be a whole number, got ${JSON.stringify(text)}`);
}

/** Writes a line about the cache, unless GUN_NATIVE_LOG is off. */
function log(line) {
  if (process.env.GUN_NATIVE_LOG !== 'off') console.log(line);
}

module.exports = { log, numberOf };
