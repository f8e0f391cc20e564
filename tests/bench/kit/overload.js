// Readers and buyers for tests/bench/overload.py. What to do comes in as environment variables.
import http from "k6/http";
import { SharedArray } from "k6/data";
import exec from "k6/execution";
import { Counter, Trend } from "k6/metrics";

const base = __ENV.BASE;
const seconds = Number(__ENV.SECONDS);
// Once for all virtual users: there are hundreds of them.
const paths = new SharedArray("paths", () => JSON.parse(open(__ENV.WORK)).paths);
const orders = new SharedArray("orders", () => JSON.parse(open(__ENV.WORK)).orders);

const served = new Counter("served");
const refused = new Counter("refused");
const failed = new Counter("failed");
const ordered = new Counter("ordered");
const notOrdered = new Counter("not_ordered");
const servedMs = new Trend("served_ms");
const refusedMs = new Trend("refused_ms");
const orderMs = new Trend("order_ms");

const readers = __ENV.RATE
  ? {
      executor: "constant-arrival-rate",
      rate: Number(__ENV.RATE),
      timeUnit: "1s",
      duration: `${seconds}s`,
      preAllocatedVUs: Number(__ENV.USERS),
      maxVUs: Number(__ENV.USERS),
      gracefulStop: "5s",
    }
  : { executor: "constant-vus", vus: Number(__ENV.USERS), duration: `${seconds}s`, gracefulStop: "5s" };

export const options = {
  discardResponseBodies: true,
  scenarios: {
    readers: Object.assign({ exec: "read" }, readers),
    buyers: {
      executor: "constant-arrival-rate",
      exec: "buy",
      rate: Number(__ENV.ORDERS),
      timeUnit: "1s",
      duration: `${seconds}s`,
      preAllocatedVUs: 50,
      maxVUs: 50,
      gracefulStop: "5s",
    },
  },
  summaryTrendStats: ["count", "med", "p(95)", "p(99)", "max"],
};

export function read() {
  const path = paths[exec.scenario.iterationInTest % paths.length];
  const answer = http.get(base + path, { timeout: "10s" });
  if (answer.status === 200) {
    served.add(1);
    servedMs.add(answer.timings.duration);
  } else if (answer.status === 503 && answer.headers["Retry-After"]) {
    refused.add(1);
    refusedMs.add(answer.timings.duration);
  } else {
    failed.add(1, { status: String(answer.status) });
  }
}

export function buy() {
  const order = orders[exec.scenario.iterationInTest];
  const answer = http.post(`${base}/api/v1/orders`, JSON.stringify(order.body), {
    headers: Object.assign({ "Content-Type": "application/json" }, order.headers),
    timeout: "10s",
  });
  (answer.status === 201 ? ordered : notOrdered).add(1, { status: String(answer.status) });
  orderMs.add(answer.timings.duration);
}

export function handleSummary(data) {
  return { [__ENV.SUMMARY]: JSON.stringify(data.metrics) };
}
