import GateWAF
import Testing

@Suite struct VariableTableTests {
    @Test func rowsKeepTheirOrderAndTheirBytes() {
        var table = VariableTable()
        table.add(.argsGet, name: Array("a".utf8).span, value: Array("1".utf8).span)
        table.add(.argsGet, name: Array("b".utf8).span, value: Array("".utf8).span)
        #expect(table.rows.map(\.variable) == [.argsGet, .argsGet])
        #expect(table.rows.map { Array(table.bytes[$0.name]) } == [Array("a".utf8), Array("b".utf8)])
        #expect(table.rows.map(\.value.count) == [1, 0])
    }

    @Test func aRangeOutsideTheArenaIsEmpty() {
        let table = VariableTable()
        #expect(table.span(3..<9).count == 0)
    }
}
