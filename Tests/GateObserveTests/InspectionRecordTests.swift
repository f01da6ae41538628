import GatePrimitives
import NIOCore
import Testing

@testable import GateObserve

@Suite struct InspectionRecordTests {
    private static let names = NameTable(
        revision: "r1", listeners: ["public"], routes: [], upstreams: [], ruleSets: ["edge", "other"])

    private func match(_ rule: Int, value: String = "evil") -> InspectionMatch {
        InspectionMatch(
            rule: rule, phase: 2, severity: "CRITICAL", message: "found", variable: "ARGS", name: "q", value: value)
    }

    private func record(_ rules: [Int]) -> ExchangeRecord {
        var record = Fixture.record(names: Self.names)
        record.inspection.ruleSet = 0
        record.inspection.score = 5
        record.inspection.verdict = .blocked
        record.inspection.body = .whole
        for rule in rules { record.inspection.add(match(rule)) }
        return record
    }

    @Test func aLogLineListsTheRulesAndTheScore() throws {
        let line = try JSON.object(Fixture.line(record([942_100, 949_110])))
        #expect(line["waf_rules"] as? [Int] == [942_100, 949_110])
        #expect(line["waf_score"] as? Int == 5)
        let clean = try JSON.object(Fixture.line(record([])))
        #expect(clean["waf_rules"] == nil && clean["waf_score"] as? Int == 5)
        let without = try JSON.object(Fixture.line(Fixture.record()))
        #expect(without["waf_rules"] == nil && without["waf_score"] == nil)
    }

    @Test(arguments: [63, 64, 65]) func matchesBeyondTheLimitAreCounted(count: Int) {
        let inspection = record(Array(1...count)).inspection
        #expect(inspection.matches.count == min(count, 64))
        #expect(inspection.omitted == count - min(count, 64))
    }

    @Test func aDecisionTellsEachRuleAndItsPlace() throws {
        var ring = DecisionRing(capacity: 4)
        var line = AccessLogLine()
        var output = TextBuffer()
        let record = record([942_100])
        line.appendObject(record, to: &output)
        ring.note(record, line: output)
        let found = ring.json(Fixture.id)
        let decision = try JSON.object(#require(found))
        let waf = try #require(decision["waf"] as? [String: Any])
        #expect(waf["rule_set"] as? String == "edge" && waf["verdict"] as? String == "blocked")
        #expect(waf["body"] as? String == "whole" && waf["score"] as? Int == 5)
        let rule = try #require((waf["rules"] as? [[String: Any]])?.first)
        #expect(rule["rule"] as? Int == 942_100 && rule["where"] as? String == "ARGS:q")
        #expect(rule["value"] as? String == "evil" && rule["message"] as? String == "found")
    }

    @Test func inspectionsAreCountedByRuleSetAndVerdict() {
        let registry = MetricsRegistry()
        let metrics = LoopMetrics(registry: registry)
        for _ in 0..<3 { metrics.finish(record([1])) }
        metrics.finish(Fixture.record())
        let text = String(
            decoding: registry.render([metrics.snapshot()], gauges: ScrapedGauges(), format: .prometheus), as: UTF8.self
        )
        #expect(text.contains("portcullis_waf_inspections_total{rule_set=\"edge\",verdict=\"blocked\"} 3\n"))
    }

    @Test(arguments: [
        ("ARGS", "q", "plain", "plain"), ("ARGS", "password", "hunter2", Redaction.mark),
        ("ARGS_GET", "access_token", "abc", Redaction.mark),
        ("REQUEST_HEADERS", "Authorization", "Bearer x", Redaction.mark),
        ("REQUEST_HEADERS", "User-Agent", "curl", "curl"), ("REQUEST_COOKIES", "a", "b", Redaction.mark),
        ("QUERY_STRING", "", "a=1&token=2", "a=1&token=\(Redaction.mark)"), ("TX", "anomaly_score", "15", "15"),
        ("TX", "0", "secret text", Redaction.mark), ("REQUEST_METHOD", "", "PUT", "PUT"),
    ]) func valuesThatCarryCredentialsAreHidden(variable: String, name: String, value: String, shown: String) {
        #expect(Redaction.inspected(value, variable: variable, name: name) == shown)
    }
}
