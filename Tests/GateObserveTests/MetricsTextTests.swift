import GatePrimitives
import Testing

@testable import GateObserve

@Suite struct MetricsTextTests {
    private func page(_ format: MetricsFormat) -> String {
        let registry = MetricsRegistry()
        let loop = LoopMetrics(registry: registry)
        loop.finish(Fixture.record())
        loop.handshake(
            loop.listener(0, of: Fixture.names), version: .tls13, result: .ok, resumed: true, duration: .zero)
        var gauges = ScrapedGauges()
        gauges.limitKeys = [("perClient", 12)]
        gauges.dependencies = [("staff", true), ("redis", false)]
        gauges.certificates = [
            .init(listener: "public", name: "api.example.com", notAfter: WallInstant(milliseconds: 2_000_000)),
            .init(listener: "public", name: "api.example.com", notAfter: WallInstant(milliseconds: 1_000_000)),
        ]
        gauges.revision = "r1"
        gauges.droppedLogLines = 3
        gauges.build = [("version", "0.1.0")]
        gauges.host = .read()
        return String(decoding: registry.render([loop.snapshot()], gauges: gauges, format: format), as: UTF8.self)
    }

    @Test func labelValuesAreEscaped() {
        var text = MetricsText(format: .prometheus)
        text.family("x", .gauge, "Help.")
        text.sample([("a", "q\"b\\n\nc"), ("d", "é")], Int64(-1))
        let page = String(decoding: text.finish(), as: UTF8.self)
        #expect(
            page
                == "# HELP x Help.\n# TYPE x gauge\nx{a=\"q\\\"b\\\\n\\nc\",d=\"é\"} -1\n")
    }

    @Test func theNamesOfTheContractAreThere() {
        let page = page(.prometheus)
        for sample in [
            "portcullis_limit_keys{limit=\"perClient\"} 12", "portcullis_dependency_up{dependency=\"staff\"} 1",
            "portcullis_dependency_up{dependency=\"redis\"} 0", "portcullis_log_lines_dropped_total 3",
            "portcullis_config_revision_info{revision=\"r1\"} 1", "portcullis_build_info{version=\"0.1.0\"} 1",
            "portcullis_certificate_not_after_timestamp_seconds{listener=\"public\",certificate=\"api.example.com\"} 1000",
        ] { #expect(page.contains("\n" + sample + "\n")) }
        #expect(page.contains("# TYPE portcullis_requests_total counter\n"))
        #expect(page.contains("# TYPE portcullis_build_info gauge\n"))
    }

    @Test func openMetricsNamesFamiliesWithoutSuffixAndEnds() {
        let page = page(.openMetrics)
        #expect(page.contains("# TYPE portcullis_requests counter\n"))
        #expect(page.contains("# TYPE portcullis_build info\n"))
        #expect(page.contains("\nportcullis_requests_total{"))
        #expect(page.hasSuffix("\n# EOF\n"))
    }

    @Test(arguments: [MetricsFormat.prometheus, .openMetrics])
    func everySampleFollowsItsFamilyAndNoSeriesStandsTwice(format: MetricsFormat) {
        var family = ""
        var families: Set<Substring> = []
        var series: Set<Substring> = []
        for line in page(format).split(separator: "\n") where line != "# EOF" {
            let words = line.split(separator: " ", maxSplits: 3)
            if line.hasPrefix("# HELP ") {
                family = String(words[2])
                #expect(families.insert(words[2]).inserted)
            } else if line.hasPrefix("# TYPE ") {
                #expect(words[2] == family)
            } else {
                let end = line.lastIndex(of: " ") ?? line.startIndex
                #expect(line.hasPrefix(family))
                #expect(series.insert(line[..<end]).inserted)
                #expect(Double(line[line.index(after: end)...]) != nil)
            }
        }
        #expect(families.count > 15)
    }

    @Test(
        arguments: [
            ("", .prometheus), ("*/*", .prometheus), ("text/plain", .prometheus),
            ("application/openmetrics-text", .openMetrics),
            ("application/openmetrics-text; version=1.0.0; charset=utf-8,text/plain;version=0.0.4;q=0.5", .openMetrics),
            ("text/plain;q=0.5, Application/OpenMetrics-Text;version=\"1.0.0\";q=0.9", .openMetrics),
            ("application/openmetrics-text;version=2.0.0", .prometheus),
            ("application/openmetrics-text;q=0", .prometheus),
            ("application/openmetrics-texts", .prometheus),
        ] as [(String, MetricsFormat)])
    func theFormatIsWhatTheReaderAccepts(accept: String, format: MetricsFormat) {
        #expect(MetricsFormat(accept: accept) == format)
    }

    @Test func theHostIsRead() throws {
        let facts = HostFacts.read()
        #expect(try #require(facts.openDescriptors) > 0)
        #expect(try #require(facts.maximumDescriptors) > 0)
        #expect(try #require(facts.residentBytes) > 1 << 20)
        #expect(try #require(facts.virtualBytes) >= facts.residentBytes ?? 0)
        let now = UInt64(WallInstant.now().seconds)
        #expect(try #require(facts.startSeconds) <= now + 1)
        #expect(try #require(facts.startSeconds) > now - 86_400)
        #expect(facts.cpuNanoseconds != nil)
    }
}
