const week = 7 * 24 * 60 * 60 * 1000;

/** Operations that answer something on the demo data; those that README has are the same there. */
export const examplesAt = (now) => [
  {
    title: 'One customer: left, used, billed, ordered',
    query: `query Customer {
  party(id: "customer-1") {
    buckets {
      items { id name remainingValue { amount units } }
    }
    customerBills {
      items { billNo state amountDue { value unit } }
    }
    usages(orderBy: [{ usageDate: DESC }], limit: 3) {
      totalCount
      items { usageDate usageType }
    }
    resourceOrders {
      items { name state }
    }
  }
}`,
  },
  {
    title: 'Why a balance is what it is',
    query: `query Ledger {
  bucket(id: "11") {
    name
    remainingValue { amount units }
    entries(orderBy: [{ sequence: DESC }], limit: 10) {
      totalCount
      items {
        sequence
        recordedAt
        entryType
        actionKind
        remainingDelta
        remainingAfter
        reservedDelta
        reservedAfter
      }
    }
  }
}`,
  },
  {
    title: 'What is used in each month',
    query: `query Months {
  usagesAggregate(groupBy: [usageDateMonth, usageType]) {
    items {
      keys { usageDateMonth usageType }
      count
    }
  }
}`,
  },
  {
    title: 'Customers by name, with what they have left and their last bill',
    query: `query Customers($name: String = "doe") {
  parties(filter: { name: { icontains: $name } }, orderBy: [{ name: ASC }], limit: 20) {
    totalCount
    items {
      id
      name
      balances { usageType totalBalance { amount units } }
      lastBill { billNo state amountDue { value unit } }
    }
  }
}`,
    variables: { name: 'doe' },
  },
  {
    title: 'Whose number it is, what waits for the next bill, and what is still to be delivered',
    query: `query Number($value: ID!) {
  logicalResource(value: $value) {
    value
    nextBill { amountDue { value unit } taxItem { taxRate taxAmount { value unit } } }
    billingAccounts { items { id name } }
    buckets {
      items { id name usageType remainingValue { amount units } }
    }
    parties {
      items {
        id
        name
        unbilled { unit taxExcludedAmount count }
        openOrders { items { name state } }
      }
    }
  }
}`,
    variables: { value: '491700000001' },
  },
  {
    title: 'What a bucket held a week ago',
    query: `query Past($at: DateTime!) {
  bucket(id: "11") {
    name
    remainingValue { amount units }
    balanceAsOf(at: $at) {
      remainingValue { amount units }
      reservedValue { amount units }
    }
  }
}`,
    variables: { at: new Date(now.getTime() - week).toISOString() },
  },
  {
    title: 'What is reserved now, and for whom',
    query: `query Reserved {
  buckets(filter: { reservedValue: { amount: { gt: 0 } } }, orderBy: [{ name: ASC }]) {
    totalCount
    items {
      id
      name
      reservedValue { amount units }
      relatedParty { role party { id name } }
    }
  }
}`,
  },
  {
    title: 'The newest bills, with taxes and documents',
    query: `query Bills {
  customerBills(orderBy: [{ billDate: DESC }], limit: 5) {
    totalCount
    items {
      billNo
      state
      billDate
      amountDue { value unit }
      remainingAmount { value unit }
      taxItem { taxCategory taxRate taxAmount { value unit } }
      relatedParty { party { id name } }
      billDocument { mimeType url }
    }
  }
}`,
  },
  {
    title: 'The newest orders and their items',
    query: `query Orders {
  resourceOrders(orderBy: [{ orderDate: DESC }], limit: 5) {
    totalCount
    items {
      id
      name
      state
      orderDate
      orderItem { itemId action state resource { refId name } }
      relatedParty { party { id name } }
    }
  }
}`,
  },
  {
    title: 'Top up 5 euros, once',
    query: `mutation TopUp($key: String!) {
  createTopupBalance(
    idempotencyKey: $key
    input: { bucket: { refId: "11" }, amount: { amount: 5, units: "EUR" }, reason: "an example" }
  ) {
    id
    status
    amount { amount units }
  }
}`,
    variables: { key: 'example-topup-1' },
  },
];
