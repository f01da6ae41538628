import GateLimits
import GatePrimitives
import Testing

/// Random arrivals against a model written straight from the formula.
@Suite struct LimitModelTests {
    /// One key's bucket: excess' = max(0, excess − rate × ms / 1000 + 1000).
    private struct Bucket {
        var excess: Double
        var last: Int64
    }

    private struct Model {
        let rate: Int64
        let burst: Int64
        let delayAfter: Int64?
        var buckets: [Int: Bucket] = [:]

        func excess(_ key: Int, _ now: Int64) -> Double {
            guard let bucket = buckets[key] else { return 0 }
            // In whole thousandths, as integers divide.
            let leaked = (Double(rate) * Double(now - bucket.last) / 1000).rounded(.down)
            return max(0, bucket.excess - leaked + 1000)
        }

        func wait(_ excess: Double) -> Int64 {
            guard let delayAfter, excess > Double(delayAfter) * 1000 else { return 0 }
            return Int64(((excess - Double(delayAfter) * 1000) * 1000 / Double(rate)).rounded(.down))
        }
    }

    @Test(arguments: 0..<40)
    func randomArrivalsAgreeWithTheFormula(seed: Int) throws {
        var random = LoopRandom(seed: UInt64(seed))
        let count = 1 + random.below(3)
        var models: [Model] = []
        var zones: [LimitZone] = []
        for index in 0..<count {
            let rate = Int64([1, 16, 500, 10_000, 333_333, 1_000_000_000][random.below(6)])
            let burst = Int64(random.below(8))
            let delayAfter: Int64? = random.below(2) == 0 ? nil : Int64(random.below(Int(burst) + 1))
            models.append(Model(rate: rate, burst: burst, delayAfter: delayAfter))
            let parameters = try LimitParameters(rate: rate, burst: burst, delayAfter: delayAfter)
            zones.append(LimitZone(name: "\(index)", parameters: parameters, ceiling: 1 << 20))
        }
        // The order of the locks is not the order of the indices.
        let indices = (0..<count).shuffled(using: &random)
        let table = LimitTable(indices.map { zones[$0] })
        var now: Int64 = 1_000_000
        for _ in 0..<1500 {
            now += Int64([0, 0, 1, 7, 90, 1000, 100_000_000][random.below(7)])
            let keys = indices.map { _ in random.below(5) }
            var charge = LimitCharge()
            for (position, zone) in indices.enumerated() {
                var builder = zones[zone].makeKey()
                builder.add(route: keys[position])
                _ = charge.add(zone: position, key: builder.finish())
            }
            let found = indices.indices.map { models[indices[$0]].excess(keys[$0], now) }
            let isRefused = indices.indices.contains { found[$0] > Double(models[indices[$0]].burst) * 1000 }
            let wait = indices.indices.map { models[indices[$0]].wait(found[$0]) }.max() ?? 0
            switch table.charge(&charge, at: MonotonicInstant(nanoseconds: now * 1_000_000)) {
            case .pass: #expect(!isRefused && wait == 0)
            case .wait(let milliseconds, _): #expect(!isRefused && wait == milliseconds)
            case .refused(let position, _):
                #expect(isRefused && found[position] > Double(models[indices[position]].burst) * 1000)
            }
            guard !isRefused else { continue }
            // A later refusal now and then: the request is as if it had never come.
            if random.below(10) == 0 {
                // Given back at the same instant it was charged, only the rounding of the leak may differ.
                let exact = indices.indices.allSatisfy { models[indices[$0]].buckets[keys[$0]]?.last == now }
                if exact {
                    table.refund(&charge)
                    continue
                }
            }
            for (position, zone) in indices.enumerated() {
                models[zone].buckets[keys[position]] = Bucket(excess: found[position], last: now)
            }
        }
    }
}
