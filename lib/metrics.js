'use strict';

const { metricsHandler, statsHandler } = require('./metrics/handlers');
const { mount } = require('./metrics/mount');
const { registerMetrics } = require('./metrics/register');

module.exports = { metricsHandler, mount, registerMetrics, statsHandler };
