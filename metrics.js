'use strict';

const { metricsHandler, statsHandler } = require('./lib/metrics/handlers');
const { registerMetrics } = require('./lib/metrics/register');

module.exports = { metricsHandler, registerMetrics, statsHandler };
