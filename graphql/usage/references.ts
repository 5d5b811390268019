import { ValueObject } from '../attribute.js';
import { Reference } from '../shared/references.js';

@ValueObject(
  'A specification of usages. Where it is one of ours the usage must fit it; any other id is taken as it is.',
)
export class UsageSpecificationRef extends Reference {}

@ValueObject('A usage of ours.')
export class UsageRef extends Reference {}
