import GatePrimitives

/// A copy of one loop's counters, or the sum of several.
public struct MetricsSnapshot: Sendable {
    /// How far the dense arrays may grow: slots come from the registry, which bounds them.
    static let maximumPlaces = 1 << 20
    /// How many series of requests a loop keeps; beyond it, routes are counted as `other`.
    static let maximumRequestSeries = 65_536

    var inFlight: Int64 = 0
    /// By ``SeriesKey/request(listener:route:status:)``.
    var requests = SeriesTable(limit: maximumRequestSeries)
    /// The same, of routes that found no room.
    var overflow = SeriesTable(limit: maximumRequestSeries)
    var requestDuration = Histogram()
    /// By step and code.
    var refusals: [Int64] = []
    /// By listener and state.
    var connections: [Int64] = []
    /// By listener, version and result.
    var handshakes: [Int64] = []
    /// By listener, version and whether resumed.
    var handshakeDurations: [Histogram?] = []
    /// By ``SeriesKey/upstream(endpoint:result:)``.
    var upstreamRequests = SeriesTable(limit: maximumRequestSeries)
    var upstreamDuration = Histogram()
    /// By upstream and state.
    var upstreamConnections: [Int64] = []
    /// By the reason's place in `Reason.allCases`.
    var streamsEnded: [Int64] = []
    /// By rule set and verdict.
    var inspections: [Int64] = []
    /// What no series had room for.
    var lost: UInt64 = 0

    /// The place of a refusal.
    static func refusal(_ step: Step, _ code: RefusalCode) -> Int {
        Int(step.rawValue) &* RefusalCode.allCases.count &+ Int(code.rawValue)
    }

    /// The place of an inspection.
    static func inspection(_ ruleSet: Int, _ verdict: InspectionResult) -> Int {
        ruleSet &* InspectionResult.allCases.count &+ Int(verdict.rawValue)
    }

    /// The label `status`: three digits; 0 where none was sent, what is outside 100 to 599 clamped.
    static func status(_ status: Int) -> Int {
        status == 0 ? 0 : min(max(status, 100), 599)
    }

    /// Counts a finished exchange, whose names have the series of `map`.
    mutating func finish(_ record: borrowing ExchangeRecord, _ map: SeriesMap) {
        inFlight &-= 1
        let listener = map.listeners.at(record.connection.listener) ?? 0
        let route = map.routes.at(record.route) ?? 0
        let status = Self.status(record.status)
        if !requests.increment(SeriesKey.request(listener: listener, route: route, status: status)) {
            let other = SeriesKey.request(listener: listener, route: NameSpace.other, status: status)
            if !overflow.increment(other) { lost &+= 1 }
        }
        requestDuration.observe(record.duration)
        if let code = record.reason.code { refusals.add(1, at: Self.refusal(record.step, code)) }
        if record.inspection.ruleSet >= 0 {
            let ruleSet = map.ruleSets.at(record.inspection.ruleSet) ?? 0
            inspections.add(1, at: Self.inspection(ruleSet, record.inspection.verdict))
        }
        guard record.upstreamResult != .none else { return }
        let endpoint = map.endpoints.at(record.upstream)?.at(record.endpoint) ?? 0
        if !upstreamRequests.increment(SeriesKey.upstream(endpoint: endpoint, result: record.upstreamResult)) {
            lost &+= 1
        }
        upstreamDuration.observe(record.upstreamDuration)
    }
}

extension [Int64] {
    /// Adds `amount` at `place`, growing as far as ``MetricsSnapshot/maximumPlaces`` allows.
    mutating func add(_ amount: Int64, at place: Int) {
        guard place >= 0, place < MetricsSnapshot.maximumPlaces else { return }
        if place >= count { append(contentsOf: repeatElement(0, count: place &- count &+ 1)) }
        self[place] &+= amount
    }

    /// Adds another loop's counts.
    mutating func merge(_ other: [Int64]) {
        for index in 0..<other.count { add(other[index], at: index) }
    }
}
