'use strict';

/** What the exit code of the command line says. */
const EXIT = Object.freeze({ FINE: 0, MISSING: 1, CHECK_FAILED: 1, USAGE: 2, FAILED: 3, BROKEN: 4 });

/** What ends a command: the message is for the user, the code for the shell. */
class Ending extends Error {
  constructor(message, exitCode) {
    super(message);
    this.exitCode = exitCode;
  }
}

const EXIT_OF_CODE = { ERR_GUN_INVALID_ARGUMENT: EXIT.USAGE, ERR_GUN_BINARY_MISSING: EXIT.BROKEN };

/** The exit code that an error stands for. One that nobody foresaw is this package's own failure. */
function exitCodeOf(error) {
  if (error instanceof Ending) return error.exitCode;
  if (error.name === 'GunError') return EXIT_OF_CODE[error.code] || EXIT.FAILED;
  return EXIT.BROKEN;
}

module.exports = { EXIT, Ending, exitCodeOf };
