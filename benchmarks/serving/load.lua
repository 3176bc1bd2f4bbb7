-- Posts the lines of a file one after another; every thread begins somewhere else. Prints one JSON line at the end.
-- Arguments: the file of bodies, the path. With "GET" in place of the file, the path is only fetched.

local bodies, position = {}, 0
local threads = 0

function setup(thread)
    thread:set("number", threads)
    threads = threads + 1
end

function init(arguments)
    if arguments[1] == "GET" then
        bodies[1] = wrk.format("GET", arguments[2])
        return
    end
    for line in io.lines(arguments[1]) do
        bodies[#bodies + 1] = wrk.format("POST", arguments[2], { ["Content-Type"] = "application/json" }, line)
    end
    position = number * math.floor(#bodies / 4)
end

function request()
    position = position % #bodies + 1
    return bodies[position]
end

function done(summary, latency, _)
    local errors = summary.errors
    io.write(string.format(
        'RESULT {"requests": %d, "seconds": %f, "failed": %d, "mean_ms": %f, "p50_ms": %f, "p95_ms": %f, "p99_ms": %f}\n',
        summary.requests, summary.duration / 1e6,
        errors.connect + errors.read + errors.write + errors.status + errors.timeout,
        latency.mean / 1e3, latency:percentile(50) / 1e3, latency:percentile(95) / 1e3, latency:percentile(99) / 1e3
    ))
end
