import GatePrimitives
import NIOCore
import Testing

@testable import GateObserve

@Suite struct MetricsTests {
    private func render(
        _ snapshots: [MetricsSnapshot], _ registry: MetricsRegistry, gauges: ScrapedGauges = ScrapedGauges(),
        format: MetricsFormat = .prometheus
    ) -> [String] {
        String(decoding: registry.render(snapshots, gauges: gauges, format: format), as: UTF8.self)
            .split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }

    @Test(
        arguments: [
            (0, 0), (-1, 0), (499_999, 0), (500_000, 0), (500_001, 1), (1_000_000_000, 10), (1_000_000_001, 11),
            (60_000_000_000, 15), (60_000_000_001, 16), (.max, 16),
        ] as [(Int64, Int)])
    func aDurationFallsIntoTheBucketWhoseBoundItDoesNotPass(nanoseconds: Int64, bucket: Int) {
        var histogram = Histogram()
        histogram.observe(TimeSpan(nanoseconds: nanoseconds))
        #expect(histogram.counts.firstIndex(of: 1) == bucket)
        #expect(histogram.counts.reduce(0, +) == 1)
    }

    @Test func theBoundsOfBucketsAreTheirTexts() {
        #expect(Histogram.boundTexts.count == Histogram.bounds.count + 1)
        for (bound, text) in zip(Histogram.bounds, Histogram.boundTexts) {
            #expect(Double(text).map { Int64(($0 * 1e9).rounded()) } == bound)
        }
    }

    @Test func bucketsAreCumulativeAndTheLastIsTheCount() {
        var text = MetricsText(format: .prometheus)
        var histogram = Histogram()
        for nanoseconds in [1, 700_000, 90_000_000_000] as [Int64] {
            histogram.observe(TimeSpan(nanoseconds: nanoseconds))
        }
        text.family("x_seconds", .histogram, "Help.")
        text.histogram([("a", "b")], histogram)
        let lines = String(decoding: text.finish(), as: UTF8.self).split(separator: "\n")
        #expect(lines[2] == #"x_seconds_bucket{a="b",le="0.0005"} 1"#)
        #expect(lines[3] == #"x_seconds_bucket{a="b",le="0.001"} 2"#)
        #expect(lines[18] == #"x_seconds_bucket{a="b",le="+Inf"} 3"#)
        #expect(lines[19] == #"x_seconds_sum{a="b"} 90.000700001"#)
        #expect(lines[20] == #"x_seconds_count{a="b"} 3"#)
    }

    @Test func aFinishedExchangeIsCountedUnderItsNames() {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        loop.requestBegan()
        loop.requestBegan()
        loop.finish(Fixture.record())
        var refused = Fixture.record()
        refused.note(Fault(.admit, .rateLimited))
        refused.status = 429
        refused.upstreamResult = .none
        loop.finish(refused)
        loop.requestBegan()
        let lines = render([loop.snapshot()], registry)
        #expect(lines.contains(#"portcullis_requests_total{listener="public",route="orders",status="200"} 1"#))
        #expect(lines.contains(#"portcullis_requests_total{listener="public",route="orders",status="429"} 1"#))
        #expect(lines.contains(#"portcullis_refusals_total{step="admit",code="rate_limited"} 1"#))
        #expect(lines.contains("portcullis_requests_in_flight 1"))
        #expect(lines.contains("portcullis_request_duration_seconds_count 2"))
        #expect(
            lines.contains(
                #"portcullis_upstream_requests_total{upstream="backend",endpoint="10.0.1.6:8080",result="ok"} 1"#))
        #expect(lines.contains("portcullis_upstream_duration_seconds_count 1"))
    }

    @Test func loopsAreAddedUp() {
        let registry = MetricsRegistry()
        let loops = (0..<3).map { _ in LoopMetrics(registry: registry) }
        for loop in loops {
            let listener = loop.listener(0, of: Fixture.names)
            loop.requestBegan()
            loop.finish(Fixture.record())
            loop.connection(listener, from: nil, to: .handshaking)
            loop.connection(listener, from: .handshaking, to: .active)
            loop.handshake(listener, version: .tls13, result: .ok, resumed: false, duration: .milliseconds(2))
            loop.upstreamConnection(loop.upstream(0, of: Fixture.names), from: nil, to: .idle)
            loop.streamEnded(.upstreamReset)
            loop.refused(Fault(.accept, .addressDenied))
            loop.refused(Fault(.accept, .tlsFailed))
        }
        let lines = render(loops.map { $0.snapshot() }, registry)
        #expect(lines.contains(#"portcullis_requests_total{listener="public",route="orders",status="200"} 3"#))
        #expect(lines.contains(#"portcullis_connections{listener="public",state="handshaking"} 0"#))
        #expect(lines.contains(#"portcullis_connections{listener="public",state="active"} 3"#))
        #expect(lines.contains(#"portcullis_tls_handshakes_total{listener="public",version="TLSv1.3",result="ok"} 3"#))
        #expect(
            lines.contains(
                #"portcullis_tls_handshake_duration_seconds_count{listener="public",version="TLSv1.3",resumed="false"} 3"#
            ))
        #expect(lines.contains(#"portcullis_upstream_connections{upstream="backend",state="idle"} 3"#))
        #expect(lines.contains(#"portcullis_streams_ended_total{reason="upstream_reset"} 3"#))
        #expect(lines.contains(#"portcullis_refusals_total{step="accept",code="forbidden"} 3"#))
    }

    @Test func aSnapshotDoesNotChangeLater() {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        loop.finish(Fixture.record())
        let snapshot = loop.snapshot()
        loop.finish(Fixture.record())
        #expect(
            render([snapshot], registry).contains(
                #"portcullis_requests_total{listener="public",route="orders",status="200"} 1"#))
    }

    @Test func countersSurviveAReloadByName() {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        loop.finish(Fixture.record())
        // The new plan has the same routes in another order, and one that is new.
        let names = NameTable(
            revision: "r2", listeners: ["plain", "public"], routes: ["new", "users", "orders"],
            upstreams: [.init(name: "backend", endpoints: ["10.0.1.6:8080"])])
        let connection = ConnectionFacts(number: 1, listener: 1, names: names, peer: "::1", sni: "", tls: .none)
        var record = Fixture.record(names: names, connection: connection)
        record.route = 2
        record.endpoint = 0
        loop.finish(record)
        // An exchange of the old plan finishes late.
        loop.finish(Fixture.record())
        let lines = render([loop.snapshot()], registry)
        #expect(lines.contains(#"portcullis_requests_total{listener="public",route="orders",status="200"} 3"#))
        #expect(
            lines.contains(
                #"portcullis_upstream_requests_total{upstream="backend",endpoint="10.0.1.6:8080",result="ok"} 3"#))
        #expect(lines.count { $0.hasPrefix("portcullis_requests_total") } == 1)
    }

    @Test func namesBeyondTheLimitCountAsOther() {
        var space = NameSpace(limit: 4)
        let slots = ["a", "b", "c", "a", "other"].map { space.slot($0) }
        #expect(slots == [2, 3, 1, 2, 1])
        #expect(space.names.count == 4)
    }

    @Test(
        arguments: [(0, "000"), (99, "100"), (100, "100"), (599, "599"), (600, "599"), (-7, "100"), (.max, "599")]
            as [(Int, String)])
    func attacks78TheStatusLabelIsBounded(status: Int, label: String) {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        var record = Fixture.record()
        record.status = status
        loop.finish(record)
        #expect(
            render([loop.snapshot()], registry).contains(
                "portcullis_requests_total{listener=\"public\",route=\"orders\",status=\"\(label)\"} 1"))
    }

    @Test func attacks78NothingAStrangerSendsMakesASeries() {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            var record = Fixture.record()
            record.path = ByteBuffer(string: "/\(UInt64.random(in: 0 ... .max, using: &random))")
            record.host = ByteBuffer(string: "\(UInt64.random(in: 0 ... .max, using: &random)).example.com")
            record.method = ByteBuffer(string: "M\(UInt32.random(in: 0 ... .max, using: &random))")
            record.principal = "\(UInt64.random(in: 0 ... .max, using: &random))"
            record.route = -1
            record.status = 404
            loop.finish(record)
        }
        let lines = render([loop.snapshot()], registry)
        #expect(
            lines.filter { $0.hasPrefix("portcullis_requests_total{") } == [
                #"portcullis_requests_total{listener="public",route="",status="404"} 2000"#
            ])
    }

    @Test func aTableOfCountersIsExactUpToItsLimit() {
        var table = SeriesTable(limit: 1000)
        var expected: [UInt64: UInt64] = [:]
        var random = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let key = UInt64.random(in: 0..<1000, using: &random) << 20
            let isCounted = table.increment(key)
            #expect(isCounted)
            expected[key, default: 0] += 1
        }
        for key in (0..<1000 as Range<UInt64>).map({ $0 << 20 }) where expected[key] == nil {
            let isCounted = table.increment(key)
            #expect(isCounted)
            expected[key] = 1
        }
        let isCountedBeyond = table.increment(1)
        #expect(!isCountedBeyond)
        var sums: [UInt64: UInt64] = [:]
        table.add(to: &sums)
        #expect(sums == expected)
    }

    @Test(arguments: [(0, 0, 0), (1023, 131_071, 599), (0x7fff, 0xffff_ffff, 0xffff)] as [(Int, Int, Int)])
    func aKeyGivesItsPartsBack(listener: Int, route: Int, status: Int) {
        let parts = SeriesKey.request(SeriesKey.request(listener: listener, route: route, status: status))
        #expect(parts.listener == listener && parts.route == route && parts.status == status)
    }

    @Test func routesBeyondTheSeriesOfALoopAreCountedAsOther() {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        let routes = (0..<(MetricsSnapshot.maximumRequestSeries + 10)).map { "r\($0)" }
        let names = NameTable(revision: "", listeners: ["public"], routes: routes, upstreams: [])
        let connection = ConnectionFacts(number: 1, listener: 0, names: names, peer: "", sni: "", tls: .none)
        var record = ExchangeRecord(
            names: names, connection: connection, id: Fixture.id, time: WallInstant(milliseconds: 0))
        record.status = 200
        for route in routes.indices {
            record.route = route
            loop.finish(record)
        }
        let lines = render([loop.snapshot()], registry)
        #expect(lines.contains(#"portcullis_requests_total{listener="public",route="other",status="200"} 10"#))
    }

    @Test func slotsOutOfRangeCannotGrowMemory() {
        let loop = LoopMetrics(registry: MetricsRegistry())
        loop.connection(SeriesSlot(index: .max / 8), from: nil, to: .active)
        loop.handshake(SeriesSlot(index: .max / 64), version: .tls13, result: .ok, resumed: true, duration: .zero)
        #expect(loop.snapshot().connections.isEmpty)
        #expect(loop.snapshot().handshakeDurations.isEmpty)
    }
}
