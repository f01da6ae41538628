import GatePrimitives
import Testing

@Suite struct BoundedLRUTests {
    @Test func theLeastRecentlyUsedIsForgottenAtCapacityPlusOne() {
        var table = BoundedLRU<String, Int>(capacity: 3)
        for (index, key) in ["a", "b", "c"].enumerated() { table.insert(index, for: key) }
        #expect(table.count == 3)
        #expect(table.evictions == 0)
        #expect(table.value(for: "a") == 0)
        table.insert(3, for: "d")
        #expect(table.count == 3)
        #expect(table.evictions == 1)
        #expect(table.value(for: "b") == nil)
        #expect(table.value(for: "a") == 0)
        #expect(table.value(for: "c") == 2)
        #expect(table.value(for: "d") == 3)
    }

    @Test func aCapacityBelowOneIsOne() {
        var table = BoundedLRU<Int, Int>(capacity: .min)
        #expect(table.capacity == 1)
        table.insert(1, for: 1)
        table.insert(2, for: 2)
        #expect(table.value(for: 1) == nil)
        #expect(table.value(for: 2) == 2)
    }

    /// Keys of one hash all fall into one bucket.
    private struct Colliding: Hashable {
        let value: Int
        func hash(into hasher: inout Hasher) {}
    }

    @Test func keysOfOneHashStayApart() {
        var table = BoundedLRU<Colliding, Int>(capacity: 8)
        for value in 0..<8 { table.insert(value, for: Colliding(value: value)) }
        #expect(table.remove(Colliding(value: 3)) == 3)
        #expect(table.remove(Colliding(value: 3)) == nil)
        for value in 0..<8 where value != 3 { #expect(table.value(for: Colliding(value: value)) == value) }
    }

    @Test func aForgottenValueIsReleased() {
        final class Payload {}
        var table = BoundedLRU<Int, Payload>(capacity: 1)
        weak var first: Payload?
        do {
            let payload = Payload()
            first = payload
            table.insert(payload, for: 1)
        }
        #expect(first != nil)
        table.insert(Payload(), for: 2)
        #expect(first == nil)
    }

    @Test func itAgreesWithAListInOrderOfUse() {
        var random = LoopRandom(seed: 3)
        for capacity in [1, 2, 7, 64] {
            var table = BoundedLRU<Int, Int>(capacity: capacity)
            var model: [(key: Int, value: Int)] = []
            for step in 0..<4000 {
                let key = random.below(capacity &* 2 &+ 1)
                let known = model.firstIndex { $0.key == key }
                switch random.below(8) {
                case 0:
                    #expect(table.remove(key) == known.map { model.remove(at: $0).value })
                case 1...4:
                    if let known { model.remove(at: known) } else if model.count == capacity { model.removeFirst() }
                    model.append((key, step))
                    table.insert(step, for: key)
                default:
                    let expected = known.map { model.remove(at: $0) }
                    if let expected { model.append(expected) }
                    #expect(table.value(for: key) == expected?.value)
                }
                if step == 2000 {
                    table.removeAll()
                    model.removeAll()
                }
                #expect(table.count == model.count)
            }
        }
    }
}
