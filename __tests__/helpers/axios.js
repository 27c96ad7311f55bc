'use strict';

const { install } = require('../../axios');
const { newClient, newRelay } = require('./setup');

/** The oldest and the newest axios that the adapter is tested with, as fresh modules, because installing changes them. */
const VERSIONS = ['axios-1.7', 'axios'];

function freshAxios(name) {
  let axios;
  jest.isolateModules(() => {
    axios = require(name);
  });
  return axios;
}

const undos = [];
afterEach(() => Promise.all(undos.splice(0).map((undo) => undo())));

/** Installs until the test ends. */
function installed(axios, options) {
  const undo = install(axios, options);
  undos.push(undo);
  return axios;
}

/** A relay, plain axios, and another axios of the same version with gun-native. */
async function setupAxios(version, script, options) {
  const relay = await newRelay(script);
  const client = newClient({ relayUrl: relay.url, ...options });
  const axios = installed(freshAxios(version), { client });
  return { relay, client, axios, plain: freshAxios(version), url: `${relay.url}/get` };
}

/** The outcome of a call as data, with every member documented by axios. */
async function outcomeOf(call, { AxiosError }) {
  try {
    return { response: responseOf(await call) };
  } catch (error) {
    const { name, message, code, status, response, config, request, isAxiosError } = error;
    return {
      name, message, code, status, isAxiosError,
      isInstance: error instanceof AxiosError,
      isCanceled: error.__CANCEL__ === true,
      url: config && config.url,
      request: requestOf(request),
      response: response && responseOf(response),
    };
  }
}

function responseOf({ data, status, statusText, headers, config, request }) {
  const { url, params, method } = config;
  return { data, status, statusText, type: headers.get('content-type'), url, params, method, request: requestOf(request) };
}

function requestOf(request) {
  if (request === undefined) return undefined;
  // axios hands out the request of follow-redirects or, after an answer, that of Node.
  const { method, path, host } = request._currentRequest || request;
  return { method, path, host };
}

module.exports = { VERSIONS, freshAxios, installed, outcomeOf, setupAxios };
