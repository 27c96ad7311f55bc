'use strict';

const { metricsHandler, statsHandler } = require('./metrics/handlers');
const { registerMetrics } = require('./metrics/register');

module.exports = { metricsHandler, registerMetrics, statsHandler };
