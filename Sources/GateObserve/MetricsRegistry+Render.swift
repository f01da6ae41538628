import GatePrimitives

extension MetricsRegistry {
    /// All series as text: `snapshots` of every loop, taken on each, and what the server read elsewhere.
    ///
    /// Takes time in proportion to the series: call it off the loops.
    public func render(_ snapshots: [MetricsSnapshot], gauges: ScrapedGauges, format: MetricsFormat) -> [UInt8] {
        let sum = MetricsSum(snapshots)
        let names = names()
        var text = MetricsText(format: format)
        Self.appendRequests(sum, names.listeners.names, names.routes.names, to: &text)
        Self.appendConnections(sum, names.listeners.names, to: &text)
        Self.appendUpstreams(sum, names.upstreams.names, names.endpoints.names, to: &text)
        Self.appendInspections(sum, names.ruleSets.names, to: &text)
        gauges.append(to: &text)
        return text.finish()
    }

    private static func appendRequests(
        _ sum: MetricsSum, _ listeners: [NameSpace.Name], _ routes: [NameSpace.Name], to text: inout MetricsText
    ) {
        text.family("portcullis_requests", .counter, "Finished requests; status 000 where none was sent.")
        for (key, count) in sum.requests.sorted(by: { $0.key < $1.key }) {
            let (listener, route, status) = SeriesKey.request(key)
            text.sample(
                [
                    ("listener", listeners.text(listener)), ("route", routes.text(route)),
                    ("status", status == 0 ? "000" : String(status)),
                ], count)
        }
        text.family("portcullis_request_duration_seconds", .histogram, "From the request's head to the last byte sent.")
        text.histogram([], sum.dense.requestDuration)
        text.family("portcullis_requests_in_flight", .gauge, "Requests that have begun and not finished.")
        text.sample([], sum.dense.inFlight)
        text.family("portcullis_refusals", .counter, "Refusals by the step that refused and the public code.")
        for step in Step.allCases {
            for code in RefusalCode.allCases {
                if let count = sum.dense.refusals.at(MetricsSnapshot.refusal(step, code)), count != 0 {
                    text.sample([("step", step.word), ("code", code.word)], count)
                }
            }
        }
        text.family("portcullis_streams_ended", .counter, "Responses that had begun and were ended early, by reason.")
        for (reason, count) in zip(Reason.allCases, sum.dense.streamsEnded) where count != 0 {
            text.sample([("reason", reason.rawValue)], count)
        }
        text.family("portcullis_metrics_lost", .counter, "Observations that no series had room for.")
        text.sample([], sum.dense.lost)
    }

    private static func appendConnections(
        _ sum: MetricsSum, _ listeners: [NameSpace.Name], to text: inout MetricsText
    ) {
        text.family("portcullis_connections", .gauge, "Downstream connections.")
        for (place, count) in sum.dense.connections.enumerated() {
            let (listener, state) = place.quotientAndRemainder(dividingBy: ConnectionState.allCases.count)
            guard listener > NameSpace.other || count != 0, let state = ConnectionState.allCases.at(state) else {
                continue
            }
            text.sample([("listener", listeners.text(listener)), ("state", state.word)], count)
        }
        text.family("portcullis_tls_handshakes", .counter, "TLS handshakes that ended.")
        for (place, count) in sum.dense.handshakes.enumerated() where count != 0 {
            let (rest, result) = place.quotientAndRemainder(dividingBy: HandshakeResult.allCases.count)
            let (listener, version) = rest.quotientAndRemainder(dividingBy: TLSVersion.allCases.count)
            guard let result = HandshakeResult.allCases.at(result), let version = TLSVersion.allCases.at(version) else {
                continue
            }
            text.sample(
                [("listener", listeners.text(listener)), ("version", version.word), ("result", result.word)], count)
        }
        text.family("portcullis_tls_handshake_duration_seconds", .histogram, "Complete TLS handshakes.")
        for (place, histogram) in sum.dense.handshakeDurations.enumerated() {
            let (rest, resumed) = place.quotientAndRemainder(dividingBy: 2)
            let (listener, version) = rest.quotientAndRemainder(dividingBy: TLSVersion.allCases.count)
            guard let histogram, let version = TLSVersion.allCases.at(version) else { continue }
            text.histogram(
                [
                    ("listener", listeners.text(listener)), ("version", version.word),
                    ("resumed", resumed == 1 ? "true" : "false"),
                ], histogram)
        }
    }

    private static func appendInspections(
        _ sum: MetricsSum, _ ruleSets: [NameSpace.Name], to text: inout MetricsText
    ) {
        text.family("portcullis_waf_inspections", .counter, "Requests that a rule set inspected, by verdict.")
        for (place, count) in sum.dense.inspections.enumerated() {
            let (ruleSet, verdict) = place.quotientAndRemainder(dividingBy: InspectionResult.allCases.count)
            guard ruleSet > NameSpace.other || count != 0, let verdict = InspectionResult.allCases.at(verdict) else {
                continue
            }
            text.sample([("rule_set", ruleSets.text(ruleSet)), ("verdict", verdict.word)], count)
        }
    }

    private static func appendUpstreams(
        _ sum: MetricsSum, _ upstreams: [NameSpace.Name], _ endpoints: [NameSpace.Name], to text: inout MetricsText
    ) {
        text.family("portcullis_upstream_requests", .counter, "Requests sent to an upstream, by result.")
        for (key, count) in sum.upstreamRequests.sorted(by: { $0.key < $1.key }) {
            let (endpoint, result) = SeriesKey.upstream(key)
            text.sample(
                [
                    ("upstream", endpoints.owner(endpoint)), ("endpoint", endpoints.text(endpoint)),
                    ("result", result.word),
                ], count)
        }
        text.family("portcullis_upstream_duration_seconds", .histogram, "From dispatch to the response's last byte.")
        text.histogram([], sum.dense.upstreamDuration)
        text.family("portcullis_upstream_connections", .gauge, "Connections to upstreams.")
        for (place, count) in sum.dense.upstreamConnections.enumerated() {
            let (upstream, state) = place.quotientAndRemainder(dividingBy: UpstreamConnectionState.allCases.count)
            guard upstream > NameSpace.other || count != 0, let state = UpstreamConnectionState.allCases.at(state)
            else { continue }
            text.sample([("upstream", upstreams.text(upstream)), ("state", state.word)], count)
        }
    }
}

/// The counters of all loops, added up.
private struct MetricsSum {
    /// Everything but the tables.
    var dense = MetricsSnapshot()
    var requests: [UInt64: UInt64] = [:]
    var upstreamRequests: [UInt64: UInt64] = [:]

    init(_ snapshots: [MetricsSnapshot]) {
        for snapshot in snapshots {
            snapshot.requests.add(to: &requests)
            snapshot.overflow.add(to: &requests)
            snapshot.upstreamRequests.add(to: &upstreamRequests)
            dense.inFlight &+= snapshot.inFlight
            dense.requestDuration.merge(snapshot.requestDuration)
            dense.upstreamDuration.merge(snapshot.upstreamDuration)
            dense.refusals.merge(snapshot.refusals)
            dense.connections.merge(snapshot.connections)
            dense.handshakes.merge(snapshot.handshakes)
            dense.upstreamConnections.merge(snapshot.upstreamConnections)
            dense.streamsEnded.merge(snapshot.streamsEnded)
            dense.inspections.merge(snapshot.inspections)
            dense.lost &+= snapshot.lost
            for (place, histogram) in snapshot.handshakeDurations.enumerated() {
                while dense.handshakeDurations.count <= place { dense.handshakeDurations.append(nil) }
                guard let histogram else { continue }
                var merged = dense.handshakeDurations[place] ?? Histogram()
                merged.merge(histogram)
                dense.handshakeDurations[place] = merged
            }
        }
    }
}

extension [NameSpace.Name] {
    fileprivate func text(_ slot: Int) -> String { at(slot)?.text ?? "other" }
    fileprivate func owner(_ slot: Int) -> String { at(slot)?.owner ?? "other" }
}
