import GateHTTP
import GatePattern
import GateRouting
import Glibc
import NIOCore

/// What routing costs: a match among 10 and among 100,000 routes, and compiling 100,000.
///
/// Each request is read, vetted and matched, as in the gateway, so that the requests do not fill the caches before the
/// table does. Both tables are asked by turns (A B B A) with 100,000 requests for random hosts or paths, and the medians
/// of their processor time are compared, since the machine may be busy: the difference is what the larger table adds. One line a figure: name,
/// value, unit.
@main
enum RouteBench {
    static func main() throws {
        try compare("hosts", many: Workload.hosts)
        try compare("paths_of_one_host", many: Workload.paths)
    }

    private static func compare(_ name: String, many: (Int, inout Random) throws -> Workload) throws {
        var random = Random(state: 42)
        let few = try many(10, &random)
        let large = try many(100_000, &random)
        print("route_compile_100000_\(name) \(large.compileMilliseconds) ms")
        var times: (few: [Double], large: [Double]) = ([], [])
        for _ in 0..<12 {
            times.few.append(try few.run())
            times.large.append(try large.run())
            times.large.append(try large.run())
            times.few.append(try few.run())
        }
        let medians = (few: median(times.few), large: median(times.large))
        print("read_vet_match_10_\(name) \(Int(medians.few)) ns")
        print("read_vet_match_100000_\(name) \(Int(medians.large)) ns")
        print("route_match_added_\(name) \(Int(medians.large - medians.few)) ns")
    }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
}

/// A table and the requests that it is asked.
private final class Workload {
    private static let requests = 100_000
    private let table: RouteTable
    /// The heads of all requests, one behind the other.
    private let heads: ByteBuffer
    private let scratch = MatchScratch()
    let compileMilliseconds: Int

    private init(_ rules: [RouteRule], _ target: () -> (host: String, path: String)) throws {
        let start = CPUTime.now()
        table = try RouteTable.compile(rules)
        compileMilliseconds = Int((CPUTime.now() - start) / 1_000_000)
        var heads = ByteBuffer()
        for _ in 0..<Workload.requests {
            let (host, path) = target()
            heads.writeString("GET \(path) HTTP/1.1\r\nhost: \(host)\r\naccept: */*\r\n\r\n")
        }
        self.heads = heads
    }

    /// One route on each of `count` hosts.
    static func hosts(_ count: Int, _ random: inout Random) throws -> Workload {
        let hosts = (0..<count).map { "host-\($0)-\(random.below(1_000_000)).example.com" }
        let rules = hosts.map { RouteRule(name: $0, hosts: [.exact($0)], path: .prefix("/orders"), methods: ["GET"]) }
        return try Workload(rules) { (hosts[random.below(count)], "/orders/12345/lines") }
    }

    /// `count` routes on one host.
    static func paths(_ count: Int, _ random: inout Random) throws -> Workload {
        let rules = (0..<count).map { index in
            RouteRule(
                name: "\(index)", hosts: [.exact("example.com")], path: .prefix("/service/\(index)"), methods: ["GET"])
        }
        return try Workload(rules) { ("example.com", "/service/\(random.below(count))/lines") }
    }

    /// Nanoseconds a request.
    func run() throws -> Double {
        var hits = 0
        var bytes = heads
        var reader = RequestHeadReader()
        var lines = HeadTable()
        let start = CPUTime.now()
        while let head = try reader.read(&bytes, into: &lines) {
            var request = try VettedRequest.vet(head)
            if case .route = table.match(&request, in: scratch) { hits += 1 }
        }
        let nanoseconds = CPUTime.now() - start
        if hits != Workload.requests { print("route_match_misses \(Workload.requests - hits) requests") }
        return nanoseconds / Double(Workload.requests)
    }
}

/// The thread's own time, which other processes do not lengthen.
private enum CPUTime {
    /// Nanoseconds since the thread began.
    static func now() -> Double {
        var time = timespec()
        // SAFETY: writes one timespec, our own variable.
        _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}

/// A small generator with a seed (SplitMix64), so that every run asks the same.
private struct Random {
    var state: UInt64

    mutating func below(_ bound: Int) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = (state ^ (state >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return Int((value ^ (value >> 31)) % UInt64(bound))
    }
}
