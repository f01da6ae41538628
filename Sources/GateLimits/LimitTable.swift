public import GatePrimitives
import Synchronization

/// The limits of one plan: an index names a zone; charges go through here so that locks have one order.
public final class LimitTable: Sendable {
    /// The zones by index.
    public let zones: [LimitZone]

    /// The table of these zones, at most 65,536.
    public init(_ zones: [LimitZone]) { self.zones = zones }

    /// What was found while the locks are held.
    private struct Finding {
        let now: Int64
        var verdict: LimitVerdict = .pass
        /// Milliseconds until the refusing limit that takes longest would pass; 0 while none refuses.
        var retry: Int64 = 0

        var isRefused: Bool { retry > 0 }
    }

    /// Charges all limits that were added since the last charge, or none if one of them refuses.
    ///
    /// Of several refusals the one that lasts longest is named, of several waits the longest.
    public func charge(_ charge: inout LimitCharge, at now: MonotonicInstant) -> LimitVerdict {
        let first = charge.charged
        for position in first..<charge.count where charge.zone(at: position) >= zones.count {
            // An index of another plan's table: a bug, and an error in a check is a refusal.
            return .refused(zone: charge.zone(at: position), retryAfter: 1)
        }
        order(&charge, from: first)
        var finding = Finding(now: now.milliseconds)
        settle(first, &charge, &finding)
        if !finding.isRefused { charge.charged = charge.count }
        return finding.verdict
    }

    /// Takes the limits added since the last charge back, uncharged.
    public func drop(_ charge: inout LimitCharge) { charge.count = charge.charged }

    /// Gives back what was charged, as if the request had never come; a second call gives back nothing.
    public func refund(_ charge: inout LimitCharge) {
        for position in 0..<charge.charged {
            let key = charge.entries[position].key
            zones[charge.zone(at: position)].shard(for: key).rows.withLock { rows in
                guard let row = rows.find(key.hash) else { return }
                let state = rows.state(of: row)
                // A first request left 0; -1000 is what it found, so that the next one leaves 0 again.
                rows.set(row, excess: max(-1000, state.excess &- 1000), last: state.last)
            }
        }
        charge.count = 0
        charge.charged = 0
    }

    /// Sorts what is to be charged by the zones' serials.
    private func order(_ charge: inout LimitCharge, from first: Int) {
        // ORDER: all locks of the process are taken by (serial of the zone, shard). A request has one key in a zone, so
        // one shard of it, and two tables that share zones after a reload agree, since a serial stays with its zone.
        for position in first..<charge.count {
            var place = position
            while place > first,
                zones[charge.zone(at: place &- 1)].serial > zones[charge.zone(at: place)].serial
            {
                charge.entries.swapAt(place, place &- 1)
                place &-= 1
            }
        }
    }

    /// Peeks at the limit at `position` and, with its lock held, settles the next; on the way back all are charged or none.
    private func settle(_ position: Int, _ charge: inout LimitCharge, _ finding: inout Finding) {
        guard position < charge.count else { return }
        let index = charge.zone(at: position)
        let zone = zones[index]
        let parameters = zone.parameters
        let key = charge.entries[position].key
        zone.shard(for: key).rows.withLock { rows in
            let row = rows.find(key.hash)
            var excess: Int64 = 0
            var last = finding.now
            if let row {
                let state = rows.state(of: row)
                // Both are nanoseconds of 64 bits divided by a million: the difference cannot overflow.
                let elapsed = finding.now &- state.last
                excess = parameters.excess(after: state.excess, elapsed: elapsed)
                if elapsed <= 0 { last = state.last }
            }
            charge.entries[position].excess = Int32(clamping: excess)
            judge(excess, parameters, index, &finding)
            settle(position &+ 1, &charge, &finding)
            guard !finding.isRefused else { return }
            if let row {
                rows.set(row, excess: excess, last: last)
            } else {
                rows.insert(key.hash, excess: excess, last: last)
            }
        }
    }

    /// Lets one limit's excess weigh on the verdict.
    private func judge(_ excess: Int64, _ parameters: LimitParameters, _ index: Int, _ finding: inout Finding) {
        if parameters.refuses(excess) {
            let retry = max(1, parameters.retry(after: excess))
            if retry > finding.retry {
                finding.retry = retry
                finding.verdict = .refused(zone: index, retryAfter: (retry &+ 999) / 1000)
            }
            return
        }
        guard !finding.isRefused else { return }
        let wait = parameters.wait(for: excess)
        if case .wait(let longest, _) = finding.verdict, longest >= wait { return }
        if wait > 0 { finding.verdict = .wait(milliseconds: wait, zone: index) }
    }
}
