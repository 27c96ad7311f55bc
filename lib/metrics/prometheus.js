'use strict';

let loaded;

/** The user's own prom-client, used only for its registries and its text format, with a histogram that it lacks. */
function prometheus() {
  if (loaded === undefined) {
    const client = load();
    loaded = Object.assign({}, client, { FixedHistogram: fixedHistogram(client.Histogram) });
  }
  return loaded;
}

function load() {
  try {
    return require('prom-client');
  } catch (cause) {
    if (cause.code !== 'MODULE_NOT_FOUND') throw cause;
    const error = new Error('metrics for Prometheus need the package prom-client: npm install prom-client');
    throw Object.assign(error, { code: cause.code, cause });
  }
}

/** A histogram whose buckets are counted elsewhere. Those of prom-client can only observe single values. */
function fixedHistogram(Histogram) {
  return class FixedHistogram extends Histogram {
    reset() {
      this.filled = [];
    }

    /** Sets the counts of buckets, not cumulative, and the sum of all values. */
    fill(labels, { durations }, bounds) {
      let count = 0;
      durations.buckets.forEach((inBucket, index) => {
        count += inBucket;
        const le = index < bounds.length ? bounds[index] : '+Inf';
        this.add('bucket', Object.assign({ le }, labels), count);
      });
      this.add('sum', labels, durations.sum);
      this.add('count', labels, count);
    }

    add(suffix, labels, value) {
      this.filled.push({ metricName: `${this.name}_${suffix}`, labels, value });
    }

    async get() {
      this.collect();
      const { name, help, type, aggregator, filled } = this;
      return { name, help, type, aggregator, values: filled };
    }

    getForPromString() {
      return this.get();
    }
  };
}

module.exports = { prometheus };
